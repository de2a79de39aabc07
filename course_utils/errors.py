"""The one kind of error that a reader can put right."""


class CourseError(ValueError):
    """Something the reader can put right. Its message is one line: what is wrong, and what to do."""
