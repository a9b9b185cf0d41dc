output "backend_repository_arn" {
  description = "ARN of the backend's repository."
  value       = aws_ecr_repository.backend.arn
}

output "backend_repository_name" {
  description = "Name of the backend's repository."
  value       = aws_ecr_repository.backend.name
}

output "backend_repository_url" {
  description = "Address of the backend's repository, to which an image tag is added."
  value       = aws_ecr_repository.backend.repository_url
}

output "frontend_repository_arn" {
  description = "ARN of the frontend's repository."
  value       = aws_ecr_repository.frontend.arn
}

output "frontend_repository_name" {
  description = "Name of the frontend's repository."
  value       = aws_ecr_repository.frontend.name
}

output "frontend_repository_url" {
  description = "Address of the frontend's repository, to which an image tag is added."
  value       = aws_ecr_repository.frontend.repository_url
}
