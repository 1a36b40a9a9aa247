. "$SKIFF_SOURCES/tests/golden/lifecycle/prepare"
try rename web db
try rename web web
try rename web bad/name
try rename web ''
try rename web
try rename web /other
try start web
try rm other
try rm --latest
try rm --latest
