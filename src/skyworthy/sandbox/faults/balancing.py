"""Faults of the load balancer."""

from skyworthy.sandbox.faults.registry import Hit, fault
from skyworthy.sandbox.faults.stack import Stack, already, one


@fault("load-balancer-deleted", "NET-1", "LIV-1")
def balancer_deleted(stack: Stack) -> Hit:
    """The load balancer is gone."""
    arn = stack.load_balancer["LoadBalancerArn"]
    stack.client("elbv2").modify_load_balancer_attributes(
        LoadBalancerArn=arn, Attributes=[{"Key": "deletion_protection.enabled", "Value": "false"}]
    )
    stack.client("elbv2").delete_load_balancer(LoadBalancerArn=arn)
    return Hit("aws_lb", arn)


@fault("listener-deleted", "NET-1", "REF-4", "LIV-1")
def listener_deleted(stack: Stack) -> Hit:
    """Nobody listens for HTTPS."""
    arn = stack.listener("HTTPS")["ListenerArn"]
    stack.client("elbv2").delete_listener(ListenerArn=arn)
    return Hit("aws_lb_listener", arn)


@fault("listener-rule-deleted", "NET-1", "REF-4", "LIV-1")
def rule_deleted(stack: Stack) -> Hit:
    """A host's requests no longer go to its service."""
    elbv2 = stack.client("elbv2")
    rules = elbv2.describe_rules(ListenerArn=stack.listener("HTTPS")["ListenerArn"])["Rules"]
    arn = one((rule for rule in rules if not rule["IsDefault"]), "listener rule")["RuleArn"]
    elbv2.delete_rule(RuleArn=arn)
    return Hit("aws_lb_listener_rule", arn)


@fault("listener-tls-weakened", "DAT-1", "REF-4")
def tls_weakened(stack: Stack) -> Hit:
    """HTTPS is served with TLS 1.1."""
    arn = stack.listener("HTTPS")["ListenerArn"]
    stack.client("elbv2").modify_listener(ListenerArn=arn, SslPolicy="ELBSecurityPolicy-TLS-1-1-2017-01")
    return Hit("aws_lb_listener", arn)


@fault("https-redirect-removed", "DAT-1", "REF-4")
def redirect_removed(stack: Stack) -> Hit:
    """HTTP is served instead of redirected to HTTPS."""
    arn = stack.listener("HTTP")["ListenerArn"]
    stack.client("elbv2").modify_listener(
        ListenerArn=arn, DefaultActions=[{"Type": "forward", "TargetGroupArn": stack.target_group}]
    )
    return Hit("aws_lb_listener", arn)


@fault("target-group-path-changed", "NET-1", "REF-4", "LIV-5")
def path_changed(stack: Stack) -> Hit:
    """The load balancer asks for the health of a path that the application does not have."""
    stack.client("elbv2").modify_target_group(TargetGroupArn=stack.target_group, HealthCheckPath="/old-health")
    return Hit("aws_lb_target_group", stack.target_group)


@fault("target-group-health-port-wrong", "NET-1", "LIV-5")
def port_wrong(stack: Stack) -> Hit:
    """The load balancer asks for the health on a port that is not open."""
    stack.client("elbv2").modify_target_group(TargetGroupArn=stack.target_group, HealthCheckPort="9999")
    return Hit("aws_lb_target_group", stack.target_group)


@fault("target-unhealthy", "LIV-5", "ALM-4")
def target_unhealthy(stack: Stack) -> Hit:
    """The only target of the service is an address where nobody answers."""
    stack.client("elbv2").register_targets(
        TargetGroupArn=stack.target_group, Targets=[{"Id": "10.255.255.254", "Port": 9999, "AvailabilityZone": "all"}]
    )
    return Hit("aws_lb_target_group", stack.target_group)


def _attribute(stack: Stack, key: str, value: str) -> Hit:
    elbv2, arn = stack.client("elbv2"), stack.load_balancer["LoadBalancerArn"]
    present = {
        each["Key"]: each["Value"]
        for each in elbv2.describe_load_balancer_attributes(LoadBalancerArn=arn)["Attributes"]
    }
    if present.get(key) == value:
        raise already(f"{key} is {value}")
    elbv2.modify_load_balancer_attributes(LoadBalancerArn=arn, Attributes=[{"Key": key, "Value": value}])
    return Hit("aws_lb", arn)


@fault("alb-invalid-headers-kept", "REF-4", "NET-1")
def invalid_headers(stack: Stack) -> Hit:
    """The load balancer passes invalid headers on."""
    return _attribute(stack, "routing.http.drop_invalid_header_fields.enabled", "false")


@fault("alb-access-logs-off", "REF-4")
def access_logs_off(stack: Stack) -> Hit:
    """The load balancer writes no access logs."""
    return _attribute(stack, "access_logs.s3.enabled", "false")


@fault("alb-desync-monitor-only", "REF-4")
def desync_monitor(stack: Stack) -> Hit:
    """The load balancer passes requests on that may be smuggled."""
    return _attribute(stack, "routing.http.desync_mitigation_mode", "monitor")


@fault("alb-deletion-protection-off", "DAT-1", "REF-15")
def deletion_protection_off(stack: Stack) -> Hit:
    """The load balancer can be deleted by mistake."""
    return _attribute(stack, "deletion_protection.enabled", "false")
