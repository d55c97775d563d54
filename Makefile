# book · chapter · write · new-chapter · quick · lint · test · notebooks · takeaway · serve · lab ·
# release · bench · clean
# Needs Python >= 3.11 with venv, and make. Everything is installed into .venv, once.

PYTHON ?= python3
BIN := .venv/bin
# Python by ruff, the front ends of widgets and the book's own scripts and styles by biome
LINT = $(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/biome check --error-on-warnings .

# Containers often forbid Python to keep what it has compiled, and every process would do it anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: book chapter write new-chapter quick lint test notebooks takeaway release serve bench lab clean
.DEFAULT_GOAL := book

# pip notices what is installed already; the stamp saves even asking. It compiles on one processor,
# so all of them do it afterwards. What they leave out, or fail at, Python compiles when it is needed.
.venv/installed: pyproject.toml constraints.txt
	@echo "Installing into .venv (once; a few minutes) ..."
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --no-compile --constraint constraints.txt --editable '.[data,book,deploy,test,grade,cluster]'
	-@$(BIN)/python -m compileall -q -j 0 -x '/(tests?|testing|_inductor)/' .venv/lib > /dev/null 2>&1
	@touch $@

.venv/installed-%: .venv/installed
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[$*]'
	@touch $@

# The pages, with every chapter executed and warnings as errors.
book: .venv/installed
	$(BIN)/python -m book_ext book

# One chapter: run if its code changed, its student edition, its page. make chapter NAME=metrics
chapter: .venv/installed
	$(BIN)/python -m book_ext chapter $(NAME)

# The same again whenever it is saved, with the page reloaded in the browser.
write: .venv/installed
	$(BIN)/python -m book_ext write $(NAME)

# The files of a new chapter, with blanks to fill in.
new-chapter: .venv/installed
	$(BIN)/python -m book_ext new-chapter $(NAME)

# The student editions chapters/*.ipynb alone.
notebooks: .venv/installed
	$(BIN)/python -m book_ext notebooks

lint: .venv/installed
	$(LINT)

# Lint and the tests that need no browser, no environment, no kernel, train no network and are fast.
quick: .venv/installed
	$(LINT)
	$(BIN)/python -m pytest -q -n 2 --dist loadgroup -m "not (slow or browser or colab or peers)" --ignore=tests/browser tests

# What passed before and is made from the same is skipped, where that is known. `make test ANEW=1`
# runs everything, and so does continuous integration.
PROVED = $(if $(CI)$(ANEW),,--skip-proved)

# The committed editions are compared before the book is built, because building writes them anew.
# The cells of a notebook need one kernel, so nbval keeps each file on one worker.
test: .venv/installed
	$(LINT)
	$(BIN)/python -m book_ext check
	$(BIN)/python -m book_ext book
	$(BIN)/python -m pytest -q -n 2 --dist loadgroup $(PROVED) tests
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -q -n 2 --dist loadfile --no-loadscope-reorder -p tests.notebooks.plugin $(PROVED) chapters
	@echo "All tests passed. The book: $(CURDIR)/_build/html/index.html"

# The book as one PDF, an EPUB, a zip of the site and sheets to print, offered on one of its pages.
takeaway: book
	$(BIN)/python -m book_ext take-away

# Sets the version, pins notebooks and links to its tag, commits and tags. make release VERSION=1.2.0
release: .venv/installed
	$(BIN)/python -m book_ext release "$(VERSION)"

serve: book
	$(BIN)/python -m book_ext serve

# The student notebooks in JupyterLab, as copies in work/: the chapters stay as they are.
lab: .venv/installed-lab
	$(BIN)/python -m book_ext lab

bench: .venv/installed-bench
	OMP_NUM_THREADS=1 $(BIN)/python -m benchmarks

clean:
	rm -rf _build build *.egg-info .pytest_cache .hypothesis .ruff_cache
