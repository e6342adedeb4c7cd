"""What all functions share: settings, log lines, the batch protocol of SQS, clients."""
