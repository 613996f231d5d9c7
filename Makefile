# 共治 Gongzhi. Needs python3 (3.11 or newer), git and make; `make help` lists what can be asked for.
.DEFAULT_GOAL := help
.PHONY: help dev demo story story-resume test lint bench deep
MAKEFLAGS += --no-print-directory

PORT ?= 8000
export PORT
FLASK := .venv/bin/flask --app wsgi

help: ## 列出命令 / list the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' Makefile

dev: ## 建立开发环境 / set up .venv with the test tools
	@.ci/setup test
	@echo "好了 / ready: .venv/bin/python"

demo: ## 演示：播放一个县的故事并打开 http://127.0.0.1:8000 (PORT=…) / play one county's story and serve it
	@.ci/setup runtime
	@$(FLASK) demo

story: ## 在终端里走完一个县的全过程 / play the whole story in the terminal
	@.ci/setup runtime
	@$(FLASK) story

story-resume: ## 从停下的地方接着走 / go on where the story stopped
	@.ci/setup runtime
	@$(FLASK) story --resume

test: ## 全部检查与测试（SQLite、PostgreSQL、浏览器）/ lint and every test
	@.ci/setup test
	@.ci/system
	@.ci/reader
	@.ci/test

lint: ## 代码风格、类型、引用关系 / style, types, import contracts
	@.ci/setup test
	@.ci/lint

bench: ## 性能测量 / benchmarks
	@.ci/setup test
	@.ci/system
	@.venv/bin/python -m tests.benchmarks

deep: ## 长时间的故障测试（可达一小时）/ long fault tests, up to an hour
	@.ci/setup test
	@.ci/system
	@FAULTS=deep .venv/bin/python -m pytest -m "slow or not slow"
