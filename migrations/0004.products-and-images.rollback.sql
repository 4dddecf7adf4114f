drop table images, products;
