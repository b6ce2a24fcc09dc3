"""NVML, called through NVIDIA's bindings: what it does not tell, and what that means.

The functions, their structures and errors are those of NVIDIA's *NVML API Reference Guide*.
"""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from typing import Any, TypeAlias

Told: TypeAlias = Any
"""A number, a text, or a structure with NVML's own names: the bindings have no types."""
LIBRARY = "libnvidia-ml.so.1"
_WORDS = 200
"""The longest text that is taken from a driver."""
_TRIES = 3
"""How often a list is asked for that grows between the call for its length and the one that fills it."""


class Untold(Exception):
    """A call is not answered. The text is the driver's."""

    def __init__(self, words: str, code: int) -> None:
        super().__init__(words)
        self.code = code


class DeviceLost(Untold):
    """The device does not answer, and will not before it or the driver is begun anew."""


class DriverGone(Exception):
    """The driver answers nothing about any device. The text is a sentence with what was tried."""


class Nvml:
    """An open driver. Raises :class:`DriverGone` where it cannot be opened."""

    def __init__(self) -> None:
        _load()
        try:
            # Only where there is a driver: this takes a while.
            import pynvml
        except ImportError as error:
            raise DriverGone(f"NVIDIA's bindings (nvidia-ml-py) cannot be used: {error}") from error
        self.library: Any = pynvml
        self._lost = {pynvml.NVML_ERROR_GPU_IS_LOST, pynvml.NVML_ERROR_RESET_REQUIRED}
        self._gone = {
            pynvml.NVML_ERROR_UNINITIALIZED,
            pynvml.NVML_ERROR_DRIVER_NOT_LOADED,
            pynvml.NVML_ERROR_LIB_RM_VERSION_MISMATCH,
            pynvml.NVML_ERROR_LIBRARY_NOT_FOUND,
        }
        self._absent = {
            pynvml.NVML_ERROR_NOT_SUPPORTED,
            pynvml.NVML_ERROR_FUNCTION_NOT_FOUND,
            # What drivers say of kinds of devices, or of versions of structures, that they do not know.
            pynvml.NVML_ERROR_INVALID_ARGUMENT,
            pynvml.NVML_ERROR_ARGUMENT_VERSION_MISMATCH,
            pynvml.NVML_ERROR_DEPRECATED,
            pynvml.NVML_ERROR_NOT_FOUND,
            pynvml.NVML_ERROR_NO_DATA,
            pynvml.NVML_ERROR_VGPU_ECC_NOT_SUPPORTED,
        }
        try:
            pynvml.nvmlInit()
        except pynvml.NVMLError as error:
            raise DriverGone(does_not_answer(self._words(error))) from error

    def close(self) -> None:
        """Let go of the driver."""
        try:
            self.library.nvmlShutdown()
        except self.library.NVMLError:
            return

    def ask(self, function: str, *arguments: object) -> Told:
        """What the function answers. Raises Untold (DeviceLost is such, too) and DriverGone."""
        tries = _TRIES
        while True:
            tries -= 1
            try:
                return self._call(function, *arguments)
            except Untold as error:
                if error.code != self.library.NVML_ERROR_INSUFFICIENT_SIZE or not tries:
                    raise

    def told(self, function: str, *arguments: object) -> Told | None:
        """What the function answers, or None. Raises DeviceLost and DriverGone only."""
        return Answers(self).told(function, *arguments)

    def is_absent(self, error: Untold) -> bool:
        """Whether the device or the driver simply has no such thing to tell."""
        return error.code in self._absent

    def _call(self, function: str, *arguments: object) -> Told:
        call = getattr(self.library, function, None)
        if call is None:
            raise Untold(
                f"{function} is not in NVIDIA's bindings", self.library.NVML_ERROR_FUNCTION_NOT_FOUND
            )
        try:
            return call(*arguments)
        except self.library.NVMLError as error:
            words = self._words(error)
            if error.value in self._lost:
                raise DeviceLost(words, error.value) from error
            if error.value in self._gone:
                raise DriverGone(does_not_answer(words)) from error
            raise Untold(words, error.value) from error
        except UnicodeError as error:
            raise Untold(f"{function}: not text", self.library.NVML_ERROR_UNKNOWN) from error

    def _words(self, error: Exception) -> str:
        """The library's own words for an error, which say more than those of the bindings."""
        try:
            return text(self.library.nvmlErrorString(getattr(error, "value", 0)))
        except (self.library.NVMLError, UnicodeError):
            return text(error)


class Answers:
    """Calls about one device, of which those unanswered are remembered."""

    def __init__(self, nvml: Nvml) -> None:
        self._nvml = nvml
        self._answered = False
        self._failure = ""

    def told(self, function: str, *arguments: object) -> Told | None:
        """What the function answers, or None. Raises DeviceLost and DriverGone only."""
        try:
            answer = self._nvml.ask(function, *arguments)
        except DeviceLost:
            raise
        except Untold as error:
            if not self._nvml.is_absent(error):
                self._failure = self._failure or str(error)
            return None
        self._answered = True
        return answer

    def first_told(self, functions: Sequence[tuple[object, ...]]) -> Told | None:
        """What the first function (with its arguments) answers that does: newer ones come first."""
        for function, *arguments in functions:
            answer = self.told(str(function), *arguments)
            if answer is not None:
                return answer
        return None

    @property
    def trouble(self) -> str:
        """The driver's words, where no call was answered and not all for want of such a thing to tell."""
        return "" if self._answered else self._failure


def does_not_answer(words: str) -> str:
    """A sentence on a driver that is there."""
    return f"NVIDIA's driver does not answer: {words}"


def text(value: object) -> str:
    """Text of the driver's on one line, not longer than a line."""
    told = value.decode(errors="replace") if isinstance(value, bytes) else str(value)
    return " ".join("".join(sign if sign.isprintable() else " " for sign in told).split())[:_WORDS]


def _load() -> None:
    """Load the library, which the bindings then find by its name. Raises DriverGone.

    The bindings keep to themselves why one cannot be loaded.
    """
    try:
        ctypes.CDLL(LIBRARY)
    except OSError as error:
        if str(error).startswith(f"{LIBRARY}: cannot open shared object file: No such file"):
            raise DriverGone(
                f"NVIDIA's driver was looked for: the library {LIBRARY} was not found"
            ) from error
        raise DriverGone(f"NVIDIA's library cannot be loaded: {text(error)}") from error
