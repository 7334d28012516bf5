"""Wheels without compiled Python parts: for every Python 3, and the platform of the library inside (EDGESSL_PLATFORM)."""

import os
import sysconfig

from setuptools import Distribution, setup
from setuptools.command.bdist_wheel import bdist_wheel


class LibraryDistribution(Distribution):
    def has_ext_modules(self) -> bool:
        """The library makes it one of a platform."""
        return True


class LibraryWheel(bdist_wheel):
    def get_tag(self) -> tuple[str, str, str]:
        platform = os.environ.get("EDGESSL_PLATFORM") or sysconfig.get_platform().replace("-", "_")
        return "py3", "none", platform


setup(distclass=LibraryDistribution, cmdclass={"bdist_wheel": LibraryWheel})
