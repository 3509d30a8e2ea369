"""How a person proves to be who answers: a code, an SSH signature, a sign-in at Entra; and who is enrolled with which."""
