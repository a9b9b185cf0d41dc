variable "name" { type = string }
variable "vpc" {}
variable "subnets" { type = set(string) }
resource "aws_lb_target_group" "this" {
  name     = substr("${var.name}-${replace("a_b", "_", "-")}", 0, 20)
  port     = 80
  protocol = "HTTP"
  vpc_id   = var.vpc
}
output "summary" {
  value = { name = aws_lb_target_group.this.name, subnets = var.subnets, port = aws_lb_target_group.this.port, slow = aws_lb_target_group.this.slow_start }
}
