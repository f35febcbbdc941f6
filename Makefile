# The two commands of the README. Everything else is `npm run`.
.DEFAULT_GOAL := help
.PHONY: help start test install lint types bench clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' Makefile

start: install ## the whole platform with sample prices; ARGS="--port 8080 --store-port 9000 --data .data --no-samples"
	@npm start --silent -- $(ARGS)

test: install ## lint, types, dead code and every test; the last line counts
	@npm test --silent

install: node_modules/.package-lock.json ## what package-lock.json says

# Node 24 is one of the packages, so the Node that runs npm only has to be 20 or newer; there is none for macOS.
node_modules/.package-lock.json: package.json package-lock.json
	@node -e 'const needed = process.platform === "darwin" ? 24 : 20; if (parseInt(process.versions.node) < needed) { console.error("Glimmr needs Node " + needed + " or newer here; this is " + process.version); process.exit(1) }'
	npm ci --no-audit --no-fund --loglevel=error
	@touch $@

lint: install ## style and correctness rules
	@npm run --silent lint

types: install ## type check
	@npm run --silent types

bench: install ## a measured claim: make bench NAME=start
	@npm run --silent bench -- $(NAME)

clean: ## remove installed packages (data stay)
	rm -rf node_modules .tap
