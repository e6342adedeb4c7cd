"""What `make rehearse` plays: the stacks come up, a really trained model lives its life, every claim is checked."""
