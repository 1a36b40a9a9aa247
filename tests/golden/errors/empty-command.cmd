skiff ""
