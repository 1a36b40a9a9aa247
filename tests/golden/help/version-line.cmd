skiff --version; skiff -v
