"""Helpers of the QLoRA course. The libraries themselves stay in the notebooks; here is only what would distract."""
