"""Photos: folders of classes, tables of labels, archives; augmentation."""
