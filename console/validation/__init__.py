"""What a stack must have made, looked up call by call: each thing exists and is set as the program sets it.

Reads only. It shows what a preview doesn't: whether AWS still holds what the state says, by the account's own calls.
Policies are compared by meaning, roles with the blueprint's own; what nothing here knows is not judged.
"""
