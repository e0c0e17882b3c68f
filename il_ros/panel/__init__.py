"""The operator's page: what is known of the graph, who may act, and the server; no ROS."""
