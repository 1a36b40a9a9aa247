. "$SKIFF_SOURCES/tests/golden/format/prepare"
skiff inspect api | settled | sed -e '/"MaskedPaths"/,/\]/d' -e '/"Less": \[\]/d' -e '/"FinishedAt"/s/,$//'
