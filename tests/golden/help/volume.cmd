skiff volume --help; skiff volume create --help; skiff volume prune --help; skiff __complete volume p
