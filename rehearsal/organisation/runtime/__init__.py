"""The Lambda run time: function packages in processes of their own, forked from one that has boto3 imported."""
