"""The first import of each lesson: prepares the environment, and says where the lesson writes.

It has to come before torch; see ``environment.settings``.
"""

from course_utils import environment

environment.prepare()
build = environment.workspace()
