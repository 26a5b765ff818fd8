"""The demonstration: an agent that only proposes, an executor that holds the privileged credential, one gate."""
