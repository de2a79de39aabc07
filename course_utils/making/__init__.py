"""What makes the course, and what no lesson imports: pretraining, its repair, publishing, the writers of receipts."""
