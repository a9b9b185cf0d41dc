# Idioms of real stacks; outputs.json holds what Terraform 1.11 plans for the outputs.
variable "create" { default = true }
variable "env" { default = "staging" }
variable "services" {
  type = map(object({
    port    = number
    cpu     = optional(number, 256)
    public  = optional(bool, false)
    secrets = optional(list(string), [])
    env     = optional(map(string), {})
    limits  = optional(object({ memory = optional(number, 512), soft = optional(number) }), {})
  }))
  default = {
    api = { port = 8000, public = true, secrets = ["A", "B"], env = { X = 1 } }
    web = { port = "80", limits = { soft = 5 } }
  }
}
variable "sizes" {
  type    = map(string)
  default = { staging = "small", production = "large" }
}
variable "azs" {
  type    = list(string)
  default = ["us-east-1a", "us-east-1b"]
}
variable "mixed" {
  type    = any
  default = { list = [1, "a"], flag = "true" }
}
locals {
  tags    = merge({ Env = var.env }, var.create ? { Made = "yes" } : {})
  pairs   = flatten([for name, s in var.services : [for secret in s.secrets : { service = name, secret = secret }]])
  by_pair = { for p in local.pairs : "${p.service}-${p.secret}" => p }
  public  = [for name, s in var.services : name if s.public]
  ports   = { for name, s in var.services : tostring(s.port) => name... }
  subnets = { for i, az in var.azs : az => { cidr = cidrsubnet("10.0.0.0/16", 4, i), index = i } }
}
resource "aws_vpc" "this" {
  count      = var.create ? 1 : 0
  cidr_block = "10.0.0.0/16"
  tags       = local.tags
}
resource "aws_subnet" "this" {
  for_each          = local.subnets
  vpc_id            = try(aws_vpc.this[0].id, "")
  cidr_block        = each.value.cidr
  availability_zone = each.key
  tags              = merge(local.tags, { Name = format("%s-%02d", var.env, each.value.index + 1) })
}
resource "aws_security_group" "svc" {
  for_each = var.services
  name     = "${var.env}-${each.key}"
  vpc_id   = one(aws_vpc.this[*].id)
  dynamic "ingress" {
    for_each = each.value.public ? toset([80, 443]) : toset([])
    content {
      from_port   = ingress.value
      to_port     = ingress.value
      protocol    = "tcp"
      cidr_blocks = ["0.0.0.0/0"]
    }
  }
}
resource "aws_ssm_parameter" "pair" {
  for_each = local.by_pair
  name     = "/${var.env}/${each.value.service}/${each.value.secret}"
  type     = "String"
  value    = "x"
}
resource "aws_ecs_task_definition" "svc" {
  for_each = var.services
  family   = each.key
  cpu      = each.value.cpu
  memory   = each.value.limits.memory
  container_definitions = jsonencode([
    {
      name         = each.key
      image        = "img:${lookup(var.sizes, var.env, "none")}"
      portMappings = [{ containerPort = each.value.port }]
      environment  = [for k, v in merge({ ENV = upper(var.env) }, each.value.env) : { name = k, value = v }]
      secrets      = [for s in each.value.secrets : { name = s, valueFrom = aws_ssm_parameter.pair["${each.key}-${s}"].name }]
      essential    = true
      cpu          = each.value.cpu / 2
    }
  ])
}
module "m" {
  source   = "./m"
  for_each = { for k, v in var.services : k => v if contains(local.public, k) }
  name     = each.key
  vpc      = element(concat(aws_vpc.this[*].id, [""]), 0)
  subnets  = values(aws_subnet.this)[*].cidr_block
}
output "a" { value = local.pairs }
output "b" { value = local.ports }
output "c" { value = var.services }
output "d" { value = values(aws_subnet.this)[*].cidr_block }
output "e" { value = [for s in aws_subnet.this : s.availability_zone] }
output "f" { value = { for k, m in module.m : k => m.summary } }
output "g" { value = try(var.mixed.none, var.mixed.list[1], "z") }
output "h" { value = var.sizes[var.env] }
output "i" { value = coalesce(var.mixed.flag, "no") == "true" ? "on" : "off" }
output "j" { value = length(aws_subnet.this) + length(aws_vpc.this) }
output "k" { value = keys(aws_security_group.svc) }
output "l" { value = element(var.azs, 5) }
output "m" { value = setproduct(var.azs, local.public) }
output "n" { value = zipmap(var.azs, range(length(var.azs))) }
output "o" { value = join(",", sort([for k, v in local.by_pair : v.secret])) }
output "p" { value = can(var.mixed.none) ? 1 : null }
output "q" { value = { for k, v in var.services : v.public ? "public" : "private" => k... } }
output "r" { value = toset([for s in values(var.services) : s.cpu]) }
output "s" { value = merge([for k, v in var.services : { (k) = v.port }]...) }
output "t" { value = [for k, v in var.sizes : "${k}=${v}"] }
output "u" { value = jsondecode(aws_ecs_task_definition.svc["api"].container_definitions)[0].environment }
output "v" { value = regexall("[0-9]+", "a1b22") }
output "w" { value = aws_vpc.this[0].tags.Env }
output "x" { value = tolist([for v in toset(["b", "a"]) : v])[0] }
output "y" { value = tomap({ a = 1, b = "x" }) }
output "z" { value = [1, "a", true][*] }
output "aa" { value = concat([1], ["a"]) }
output "bb" { value = var.create && var.env != "production" ? tolist(["x"]) : [] }
