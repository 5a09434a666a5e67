"""Names that scripts compare with."""
COMPUTE_NODE_TYPE = 'cloudify.nodes.Compute'
NODE_INSTANCE = 'node-instance'
RELATIONSHIP_INSTANCE = 'relationship-instance'
DEPLOYMENT = 'deployment'
SOURCE = 'source'
TARGET = 'target'
CLOUDIFY_TOKEN_AUTHENTICATION_HEADER = 'Authentication-Token'
