"""What gives an injection away: one file, one idea. A new one is a file and a line here."""

from __future__ import annotations

from aisecops.controls.firewall.detectors import (
    addressed_to_the_model,
    concealment,
    encoded_payload,
    exfiltration,
    forged_verdict,
    hidden_text,
    instruction_override,
    memory_write,
    planted_code,
    role_forging,
    shell_order,
    standing_order,
    stray_order,
    task_switch,
    tool_call,
    tool_description,
)
from aisecops.controls.firewall.sign import Detector

DETECTORS: tuple[Detector, ...] = (
    instruction_override.DETECTOR,
    role_forging.DETECTOR,
    addressed_to_the_model.DETECTOR,
    task_switch.DETECTOR,
    standing_order.DETECTOR,
    forged_verdict.DETECTOR,
    concealment.DETECTOR,
    exfiltration.DETECTOR,
    tool_call.DETECTOR,
    tool_description.DETECTOR,
    memory_write.DETECTOR,
    planted_code.DETECTOR,
    shell_order.DETECTOR,
    hidden_text.DETECTOR,
    encoded_payload.DETECTOR,
    stray_order.DETECTOR,
)
