"""AWS Lambda: replies, and a local endpoint that runs deployed code."""
