PYTHON ?= python3
LESSONS ?=
READY = .venv/ready
RUN = .venv/bin/python -m

.PHONY: setup course test lab figures lint

setup: $(READY)

# The .pth line lets a notebook find course_utils from whatever directory it is run in.
$(READY): requirements.txt constraints.txt
	$(PYTHON) -m venv .venv && $(RUN) pip install --quiet --constraint constraints.txt --requirement requirements.txt pytest hypothesis playwright ruff
	echo "$(CURDIR)" > "$$($(RUN) sysconfig | sed -n 's/^\tpurelib = "\(.*\)"/\1/p' | head -1)/course.pth" && touch $(READY)

course: setup
	$(RUN) course_utils validate $(LESSONS)

test: setup lint
	$(RUN) pytest

lab: setup
	$(RUN) jupyterlab --FileContentsManager.preferred_dir=notebooks

figures: setup
	$(RUN) course_utils figures

lint: setup
	$(RUN) ruff check . && $(RUN) ruff format --check .
