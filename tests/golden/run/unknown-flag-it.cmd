skiff run --rm --it ubuntu bash
