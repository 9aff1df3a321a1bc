"""What START and END mean, and how spans nest."""
