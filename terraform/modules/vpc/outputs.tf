output "vpc_id" {
  description = "Id of the VPC."
  value       = aws_vpc.this.id
}

output "vpc_cidr" {
  description = "IPv4 range of the VPC."
  value       = aws_vpc.this.cidr_block
}

output "public_subnet_ids" {
  description = "Ids of the public subnets, in the order of the zones: load balancer and NAT gateways."
  value       = [for zone in var.availability_zones : aws_subnet.public[zone].id]
}

output "private_subnet_ids" {
  description = "Ids of the private subnets, in the order of the zones: tasks."
  value       = [for zone in var.availability_zones : aws_subnet.private[zone].id]
}

output "database_subnet_ids" {
  description = "Ids of the database subnets, in the order of the zones: database and cache."
  value       = [for zone in var.availability_zones : aws_subnet.database[zone].id]
}

output "nat_public_ips" {
  description = "Public addresses from which the tasks call the internet, for the allow lists of third parties."
  value       = [for zone in local.nat_zones : aws_eip.nat[zone].public_ip]
}

output "flow_log_group_name" {
  description = "Log group that receives the flow logs."
  value       = aws_cloudwatch_log_group.flow_logs.name
}
