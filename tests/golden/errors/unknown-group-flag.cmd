skiff container --nosuch
