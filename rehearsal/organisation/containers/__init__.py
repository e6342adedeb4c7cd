"""Model containers of emulated endpoints: processes of their own that load an artifact and score with it."""
