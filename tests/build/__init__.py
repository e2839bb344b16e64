"""Tests of pybuild.build."""
