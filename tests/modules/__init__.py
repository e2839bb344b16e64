"""Tests of pybuild.modules, with the real module tools."""
