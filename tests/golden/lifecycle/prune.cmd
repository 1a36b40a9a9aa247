. "$SKIFF_SOURCES/tests/golden/lifecycle/prepare"
try container prune
try container prune -f --filter until=1h
try container prune -f --filter name=web
try container prune -f --filter until=bogus
try container prune -f --filter until=1h --filter until=2h
try container prune -f --filter label=tier
try container prune -f
try container prune -f
