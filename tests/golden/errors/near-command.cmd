skiff verson
