"""The worker, as the genuine `cloudify` package sees its manager."""
