"""How images are called: as Backend.AI's pages call them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessiontui.catalogue.image_names import ImageName, image_name, split_reference
from tests.labelled import recipes

UNKNOWN = "Custom Environments"


@pytest.mark.parametrize(
    ("reference", "label", "group", "version", "tags"),
    [
        (
            "registry.example/stable/python-tensorflow:2.15.1-py310-cuda12.4-ubuntu22.04",
            "TensorFlow", "ML/DL", "2.15.1", "Python 3.10 · GPU:CUDA12.4 · Ubuntu 22.04",
        ),
        (
            "registry.example/stable/ngc-pytorch:26.06-pytorch2.13-py312-cuda13.3",
            "PyTorch (NGC)", "ML/DL", "26.06", "PyTorch 2.13 · Python 3.12 · GPU:CUDA13.3",
        ),
        ("registry.example/stable/python:3.13-ubuntu24.04", "Python", "Language", "3.13", "Ubuntu 24.04"),
        (
            "pytorch/pytorch:2.4.0-cuda12.4-cudnn9-runtime",
            "pytorch", UNKNOWN, "2.4.0", "GPU:CUDA12.4 · Cudnn9 · Runtime",
        ),
        ("lablup/python:3.13-ubuntu24.04@aarch64", "Python", "Language", "3.13", "Ubuntu 24.04"),
        ("localhost:5000/r-base:4.5.3", "R", "Language", "4.5.3", ""),
        ("localhost:5000/r-base", "R", "Language", "latest", ""),
        ("x/ngc-tensorflow:19.12-tf2-py3", "TensorFlow (NGC)", "ML/DL", "19.12", "TensorFlow 2 · Python 3"),
        ("x/cpp:gpp6.4-alpine3.8-tester", "C++", "Language", "gpp6.4", "Alpine Linux 3.8 · Tester"),
        ("x/python:3.7-anaconda2018.12", "Python", "Language", "3.7", "Anaconda 2018.12"),
        ("x/python-tensorflow:1.14-py36-rocm", "TensorFlow", "ML/DL", "1.14", "Python 3.6 · GPU:ROCm"),
        ("x/python-tensorflow:1.12-py36-mkl", "TensorFlow", "ML/DL", "1.12", "Python 3.6 · Intel MKL"),
        (
            "x/ngc-triton:22.07-py3-sdk",
            "Triton Inference Server (NGC)", "Inference", "22.07", "Python 3 · SDK",
        ),
        ("x/my_lab-image:1-customized_8f0c", "my_lab-image", UNKNOWN, "1", "Customized"),
    ],
)  # fmt: skip
def test_it_is_called_as_its_pages_call_it(
    reference: str, label: str, group: str, version: str, tags: str
) -> None:
    name = image_name(reference)
    assert (name.label, name.group, name.version, " · ".join(name.tags)) == (label, group, version, tags)


def test_every_recipe_has_a_name_of_its_own_kind() -> None:
    unknown = [one.file for one in recipes() if image_name(one.reference("x")).group == UNKNOWN]
    assert unknown == []


def test_what_a_reference_is_made_of() -> None:
    assert split_reference("a:5000/b/c:1-2@sha256:00") == ("a:5000/b/c", "1-2")
    assert split_reference("a:5000/b") == ("a:5000/b", "latest")


@given(st.text())
def test_any_text_has_a_name(text: str) -> None:
    assert isinstance(image_name(text), ImageName)
