"""The rehearsal: an emulated AWS organisation in which the real program and the real packages run."""
