// Tasks from data sets and from the embedded world, and what runs them.
