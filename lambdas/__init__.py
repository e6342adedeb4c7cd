"""The functions, one folder each: handler (parse, wire), core (decide), ports (what it needs), adapters
(boto3).
"""
