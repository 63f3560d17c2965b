"""What AWS and evidence files tell of a deploy, as frozen values: one module a service. Nothing is invoked or changed."""
