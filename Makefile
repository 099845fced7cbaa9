# Two commands do all the set-up: `make lab` to study, `make test` to check everything.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready
export OMP_NUM_THREADS ?= 1

.PHONY: lab test test-proof build
# In Chinese: `make lab METAREC_LANG=zh`, once. A terminal in JupyterLab finds `metarec`: PATH has the environment, and no
# login shell sets it anew.
TERMINAL = {'shell_command': ['$${SHELL:-/bin/sh}']}
lab: $(READY)  ## fetch the data, make your workspace in my-work/, open JupyterLab on its start page
	$(BIN)/metarec data ml-100k
	$(BIN)/metarec new my-work
	cd my-work && PATH="$(CURDIR)/$(BIN):$$PATH" ../$(BIN)/jupyter lab --ServerApp.terminado_settings="$(TERMINAL)" start.ipynb

test: $(READY)  ## lint, tests, notebooks
	$(BIN)/metarec data ml-100k encoder llm
	$(BIN)/python tests/run_all.py

test-proof: $(READY)  ## whether the graded tests notice small changes of the solutions; five to fifteen minutes, not part of `test`
	$(BIN)/python tests/workbook/mutation.py

build: $(READY)  ## notebooks, stubs and the manifest from their sources
	$(BIN)/metarec build

$(READY): pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[test]'
	touch $(READY)
