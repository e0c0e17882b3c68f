# make demo and make test do all their set-up themselves; make setup does only that.
# PYTHON: a Python 3.10-3.13 with venv. TORCH: what pip installs as PyTorch; none: without learning.
SHELL = /bin/bash
PYTHON ?= python3
TORCH ?= torch==2.13.0
RUN = . tools/env.sh &&

.PHONY: demo test test312 xr-test panel-test setup bench faults learn lint audit docs reference \
  tutorials pictures clean

demo: setup
	$(RUN) il_ros demo $(ARGS)

test: setup
	$(RUN) bash tools/test.sh $(ARGS)

# On Python 3.12, what needs no PyTorch; in an environment of its own. Skipped without python3.12.
test312:
	@bash tools/test312.sh $(ARGS)

# The page of teleop:=xr in a real browser with an emulated headset.
xr-test: setup
	@command -v chromium > /dev/null || command -v chromium-browser > /dev/null || \
	  { echo 'il_ros: no Chromium: sudo apt-get install -y chromium' >&2; exit 2; }
	[ -e .venv/npm/node_modules/iwer ] || npm install --silent --prefix .venv/npm iwer@2.5.0
	$(RUN) python -m pytest test/teleop/xr $(ARGS)

# The operator's page in a real browser, whole: also what takes minutes, and axe-core (MPL-2.0).
panel-test: setup
	@command -v chromium > /dev/null || command -v chromium-browser > /dev/null || \
	  { echo 'il_ros: no Chromium: sudo apt-get install -y chromium' >&2; exit 2; }
	[ -e .venv/npm/node_modules/axe-core ] || npm install --silent --prefix .venv/npm axe-core@4.10.3
	$(RUN) IL_ROS_NOISE=10000 python -m pytest test/panel $(ARGS)

setup:
	@PYTHON='$(PYTHON)' TORCH='$(TORCH)' bash tools/setup.sh

bench: setup
	$(RUN) PYTHONPATH=test:$$PYTHONPATH python -m benchmarks.run $(ARGS)

faults: setup
	$(RUN) PYTHONPATH=test:$$PYTHONPATH python -m benchmarks.faults $(ARGS)

learn: setup
	$(RUN) PYTHONPATH=test:$$PYTHONPATH python -m benchmarks.learn $(ARGS)

lint: setup
	$(RUN) ruff check . && mypy

# The tools get an environment of their own and look into ours.
audit: setup
	[ -x .venv/audit/bin/pip-audit ] || (python3 -m venv .venv/audit && \
	  .venv/audit/bin/pip install --quiet pip-licenses pip-audit)
	.venv/audit/bin/python tools/audit.py .venv/bin/python

# The site in build/site; a link that leads nowhere, or a page that is not what the code says, ends it.
docs: setup
	[ -x .venv/docs/bin/zensical ] || (python3 -m venv .venv/docs && \
	  .venv/docs/bin/pip install --quiet zensical==0.0.73)
	$(RUN) bash tools/docs/site.sh .venv/docs/bin/zensical

# docs/reference, from the code.
reference: setup
	$(RUN) python -m tools.docs.reference

# Every command of the pages, in order; half an hour. ARGS='how-to/depth' for some of them.
tutorials: setup
	$(RUN) python -m tools.docs.blocks $(ARGS)

# docs/pictures, from a run of the demo in out/demo, which is made if there is none.
pictures: setup
	$(RUN) python -m tools.docs.pictures $(ARGS)

clean:
	rm -rf .venv build install log il_ros.egg-info il_ros/msg il_ros/srv il_ros/action il_ros/*.so
