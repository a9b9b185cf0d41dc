"""The drills by name."""

from collections.abc import Mapping

from skyworthy.operations.drills.alarms import AlarmDrill
from skyworthy.operations.drills.deployment import DeploymentDrill
from skyworthy.operations.drills.drill import Drill
from skyworthy.operations.drills.restore import RestoreDrill

DRILLS: Mapping[str, Drill] = {
    "alarms": AlarmDrill(),
    "deployment": DeploymentDrill(),
    "restore": RestoreDrill(),
}
