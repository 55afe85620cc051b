# The commands of Hub. Everything a machine lacks is installed by ops/setup.sh, which says what it does.
CONFIGURATION ?= Release
HUB = hub/Hub.Cli/bin/$(CONFIGURATION)/net10.0/hub

.PHONY: run test test-engines bench build validate clean

run: build
	@ops/demo/run.sh $(HUB) ops/demo/Hub.Demo/bin/$(CONFIGURATION)/net10.0/Hub.Demo

test: build
	@ops/test.sh $(CONFIGURATION)

# Against the Elasticsearch or OpenSearch that HUB_TEST_ELASTICSEARCH names, or one that Docker starts.
test-engines: build
	@ops/test.sh $(CONFIGURATION) -trait needs=engine

bench: build
	@dotnet tests/Hub.Benchmarks/bin/$(CONFIGURATION)/net10.0/Hub.Benchmarks.dll $(ONLY)

build:
	@ops/setup.sh
	@echo "Building Hub …"
	@dotnet msbuild Hub.sln -restore -maxcpucount -nologo -verbosity:quiet -property:Configuration=$(CONFIGURATION)

validate: build
	@$(HUB) validate

clean:
	@dotnet clean Hub.sln --configuration $(CONFIGURATION) --nologo --verbosity quiet
