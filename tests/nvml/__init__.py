"""An NVIDIA driver for tests without a device: a library with NVML's names that says what a script says."""
