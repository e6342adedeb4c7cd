"""`governance access`: who may do what, computed from policies and compared with the declared intent."""
