"""The parts of ``validate``: values for parameters, one lesson's process, what it left, and the report."""
