"""Single questions to NVML. A question that fails leaves its own field unknown, and says why."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

_MAX_COMPLAINTS = 4
# A device that is gone answers everything with these; the whole of NVML has to be begun anew.
_LOST = ("NVML_ERROR_GPU_IS_LOST", "NVML_ERROR_RESET_REQUIRED", "NVML_ERROR_UNINITIALIZED")
_ABSENT = ("NVML_ERROR_LIBRARY_NOT_FOUND", "NVML_ERROR_DRIVER_NOT_LOADED")


class DeviceLostError(Exception):
    """The driver has lost a GPU."""


def load_nvml() -> Any:
    """NVIDIA's binding; imported here since its 400 KB are of no use on most machines' way to a window."""
    import pynvml  # pyright: ignore[reportMissingTypeStubs]

    return pynvml


def is_lost(nvml: Any, exc: Exception) -> bool:
    """Whether an error means that the device, or the driver's session, is gone."""
    return getattr(exc, "value", None) in {getattr(nvml, name) for name in _LOST}


def is_absent(nvml: Any, exc: Exception) -> bool:
    """Whether an error means that this machine has no NVIDIA driver."""
    return getattr(exc, "value", None) in {getattr(nvml, name) for name in _ABSENT}


class Asking:
    """Asks one device, field by field, and collects what was not told."""

    def __init__(self, nvml: Any) -> None:
        self._nvml = nvml
        self.complaints: list[str] = []

    def ask(self, what: str, *calls: Callable[[], T]) -> T | None:
        """The first answer; further calls are older names of the same question, for old drivers.

        Raises:
            DeviceLostError: the GPU is gone.
        """
        reason = ""
        for call in calls:
            try:
                return call()
            except Exception as exc:
                # Whatever it is: one question in trouble must not cost the others.
                if is_lost(self._nvml, exc):
                    raise DeviceLostError(str(exc)) from exc
                reason = str(exc) or type(exc).__name__
        self.complain(f"{what}: {reason}")
        return None

    def checked(self, what: str, value: object, result: T | None) -> T | None:
        """`result`, made from the driver's `value`; a value that made none is told."""
        if result is None and value is not None:
            self.complain(f"{what}: the driver says {value}")
        return result

    def complain(self, text: str) -> None:
        """Remember why a field is unknown."""
        if len(self.complaints) < _MAX_COMPLAINTS:
            self.complaints.append(text)
