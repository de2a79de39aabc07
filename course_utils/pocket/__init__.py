"""pocket-llama: the small world it was trained on, the tasks it is tuned for, and its pretraining."""
