"""A training and a sweep as they are shown while they go on, from header to next commands."""
